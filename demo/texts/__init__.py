"""What is said to people, by language. A language is one package of templates (en/); the other modules choose among
them."""
