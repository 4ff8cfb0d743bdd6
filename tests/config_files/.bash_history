cd /srv
mysql -h db.initech.io -u root -p{{password}} app
export PAYMENTS_TOKEN={{base62*40}}
ls -la
curl -u deploy:{{password}} https://api.initech.io/v1
