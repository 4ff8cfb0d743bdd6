import os
DEBUG = False
SECRET_KEY = '{{base62*50}}'
DATABASES = {
    'default': {
        'ENGINE': 'django.db.backends.postgresql',
        'USER': 'app',
        'PASSWORD': '{{password}}',
    }
}
