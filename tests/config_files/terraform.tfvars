region = "eu-west-1"
db_password = "{{password}}"
api_token   = "{{base62*40}}"
