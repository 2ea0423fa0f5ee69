"""How much of a rate limit is used up: one row for each key and organisation, counting the present window alone."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class RateWindow(SQLModel, table=True):
    """`window` is the number of the window since 1970; `taken` is what processes have taken of it, used or not."""

    __tablename__ = "rate_window"

    subject: str = Field(primary_key=True)
    window: int = Field(sa_type=BigInteger)
    taken: int = Field(sa_type=BigInteger)
