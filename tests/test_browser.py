"""The browser that other tests drive: it starts, and it tells on pages that misbehave."""

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import fresh_page


def test_a_page_is_rendered_and_scripts_run(page: Page) -> None:
    page.set_content("<h1>One</h1><script>document.querySelector('h1').textContent = 'Two'</script>")
    assert page.get_by_role("heading").text_content() == "Two"


def test_a_page_that_asks_another_machine_is_told_on(browser: Browser) -> None:
    told_on = pytest.raises(AssertionError, match=r"asked another machine: https://cdn\.example/a\.png")
    with told_on, fresh_page(browser) as page:
        page.set_content("<img src='https://cdn.example/a.png'>")


def test_a_page_whose_script_fails_is_told_on(browser: Browser) -> None:
    told_on = pytest.raises(AssertionError, match=r"script failed: .*nonsense")
    with told_on, fresh_page(browser) as page:
        page.set_content("<script>nonsense()</script>")
