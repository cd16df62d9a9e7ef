<?php
// What a PHP application does with an upload: moves it to a name of its own. php.ini says where to.
$file = $_FILES['image'] ?? null;
$stored = get_cfg_var('bench.store') . '/' . bin2hex(random_bytes(16));
if ($file !== null && $file['error'] === UPLOAD_ERR_OK && move_uploaded_file($file['tmp_name'], $stored)) {
    http_response_code(201);
    echo 'stored';
} else {
    http_response_code(500);
    echo 'not stored';
}
