<?php
$cfg['Servers'][1]['host'] = 'db.initech.io';
$cfg['Servers'][1]['user'] = 'root';
$cfg['Servers'][1]['password'] = '{{password}}';
