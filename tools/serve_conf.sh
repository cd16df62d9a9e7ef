# shellcheck shell=bash
# Sourced by ./serve: the private httpd's configuration, written to standard output. It reads these variables:
# top state config docroot origin port workers any server_user
# shellcheck disable=SC2154

# The names of the <MediaUpload NAME> sections of a file.
collections_of() {
    sed -nE 's/^[[:space:]]*<MediaUpload[[:space:]]+"?([A-Za-z0-9._-]+)"?[[:space:]]*>.*/\1/Ip' "$1"
}

# The collection of --any.
any_section() {
    cat <<END
<MediaUpload any>
    MediaUploadStorage    "local:$docroot/static/any"
    MediaUploadChecksum   on
    MediaUploadURL        $origin/static/any
    MediaUploadAccept     */*
    MediaUploadEmpty      on
    MediaUploadMaxSize    4G
    MediaUploadMaxFiles   1000
    MediaUploadMaxFields  1000
    MediaUploadMaxFieldBytes 16M
</MediaUpload>
END
}

# The file that upload.cgi reads for the collection of --any; httpd has the section alone beside $config.
any_config() {
    cat <<END
MediaUploadEnvFile   "$top/var/serve.env"
MediaUploadDatabase  sqlite3 "$top/var/media.db"
MediaUploadSecret    \${MEDIAUPLOAD_SECRET}
END
    any_section
}

load_modules() {
    local folder module
    folder=$(apxs -q LIBEXECDIR)
    for module in mpm_event authn_core authn_file auth_basic authz_core authz_host authz_user mime dir alias env \
        setenvif headers log_config reqtimeout status http2 unixd "$1"; do
        [ -e "$folder/mod_$module.so" ] && echo "LoadModule ${module}_module \"$folder/mod_$module.so\""
    done
    echo "LoadModule mediaupload_module \"$top/mod_mediaupload/.libs/mod_mediaupload.so\""
}

# One child with that many threads.
worker_limits() {
    [ "$1" -gt 64 ] && echo "ThreadLimit $1"
    printf '%s\n' "StartServers 1" "ServerLimit 1" "ThreadsPerChild $1" "MaxRequestWorkers $1" \
        "MinSpareThreads 1" "MaxSpareThreads $1"
}

basics() {
    cat <<END
ServerRoot "$state"
DefaultRuntimeDir "$state/run"
PidFile "$state/run/httpd.pid"
Mutex "file:$state/run" default
ServerName 127.0.0.1:$port
Listen 127.0.0.1:$port
Protocols h2c http/1.1
Timeout 60
ErrorLog "$state/error.log"
LogLevel warn
CustomLog "$state/access.log" "%h %t \"%r\" %>s %b %D"
TypesConfig /etc/mime.types
DirectoryIndex index.html
Header set X-Content-Type-Options nosniff
END
    [ -z "$server_user" ] || printf '%s\n' "User $server_user" "Group $server_user"
    [ -z "$workers" ] || worker_limits "$workers"
}

document_root() {
    cat <<END
DocumentRoot "$docroot"
<Directory />
    AllowOverride None
    Require all denied
</Directory>
<Directory "$docroot">
    AllowOverride All
    Require all granted
    MediaUploadFallback on
</Directory>
<Location /server-status>
    SetHandler server-status
    Require local
</Location>
END
}

# The page of htdocs at /, without hiding anything that the document root has of its own.
page() {
    local file path
    for file in "$docroot"/index.*; do
        [ -e "$file" ] || echo "AliasMatch \"^/\$\" \"$top/htdocs/index.html\""
        break
    done
    while IFS= read -r file; do
        path=${file#"$top/htdocs"}
        [ -e "$docroot$path" ] || echo "Alias \"$path\" \"$file\""
    done < <(find "$top/htdocs" -type f ! -name '.*' ! -name local.mk ! -name package.json | sort)
    cat <<END
<Directory "$top/htdocs">
    Require all granted
    Header always set Content-Security-Policy "default-src 'none'; script-src 'self'; style-src 'self'; \\
img-src 'self' blob: data: https: http:; connect-src 'self'; form-action 'self'; base-uri 'none'; \\
frame-ancestors 'none'"
    Header always set Referrer-Policy same-origin
</Directory>
END
}

# Folders of collections beside the document root, at the addresses that their files are told under without a
# MediaUploadURL.
folders_beside() {
    local path
    sed -nE 's/^[[:space:]]*MediaUploadStorage[[:space:]]+"?local:([^/."[:space:]][^"[:space:]]*).*/\1/Ip' "$config" |
        grep -v '^public_html/' | sort -u | while IFS= read -r path; do
        printf '%s\n' "Alias \"/$path\" \"$(dirname "$config")/$path\"" "<Directory \"$(dirname "$config")/$path\">" \
            "    AllowOverride All" "    Require all granted" "    MediaUploadFallback on" "</Directory>"
    done
}

# LimitRequestBody is httpd's own limit, 1 GiB unless set: how much is too much is the collection's to say.
upload_places() {
    local name
    echo "Include \"$config\""
    [ -z "$any" ] || any_section
    for name in $(collections_of "$config") ${any:+any}; do
        printf '%s\n' "<Location \"/upload/$name\">" "    SetHandler mediaupload" \
            "    MediaUploadCollection $name" "    LimitRequestBody 0" "</Location>"
    done
}

cgi_programs() {
    local name
    [ "$1" = cgi ] || echo "ScriptSock \"$state/run/cgisock\""
    for name in upload migrate health; do
        echo "ScriptAlias \"/cgi-bin/$name.cgi\" \"$top/cgi-bin/$name.cgi\""
    done
    cat <<END
<Directory "$top/cgi-bin">
    Require all granted
    LimitRequestBody 0
    SetEnv MEDIAUPLOAD_CONFIG "$config"
    SetEnv MEDIAUPLOAD_ORIGIN $origin
</Directory>
END
    [ -z "$any" ] || printf '%s\n' "<Location /cgi-bin/upload.cgi/any>" \
        "    SetEnv MEDIAUPLOAD_CONFIG \"$state/any.conf\"" "</Location>"
}

httpd_conf() {
    local cgi=cgid
    # A socket's path has at most 107 bytes; mod_cgid adds a dot and its pid.
    [ ${#state} -le 80 ] || cgi=cgi
    load_modules "$cgi"
    basics
    document_root
    page
    folders_beside
    upload_places
    cgi_programs "$cgi"
}
