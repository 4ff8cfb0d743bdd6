import os

SECRET_KEY = os.environ["SECRET_KEY"]
DATABASES = {"default": {"PASSWORD": os.getenv("DB_PASSWORD", ""), "USER": "harbour"}}
TOKEN_URL = "https://login.example.com/oauth2/token"
