"""E-mail: from why somebody is written to, to the words, to the server that takes them."""
