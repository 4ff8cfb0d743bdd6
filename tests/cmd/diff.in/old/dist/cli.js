fetch("https://api.acme.io/v1");
