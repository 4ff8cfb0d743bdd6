<?php
define( 'DB_NAME', 'wp' );
define( 'DB_USER', 'wp' );
define( 'DB_PASSWORD', '{{password}}' );
define( 'AUTH_KEY',         '{{base62*64}}' );
define( 'NONCE_SALT',       '{{base62*64}}' );
$table_prefix = 'wp_';
