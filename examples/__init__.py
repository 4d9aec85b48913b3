"""Short programs that show how the project is used from Python; `README.md` lists them."""
