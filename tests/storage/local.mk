# One contract for every storage, and a driver for each.
check_LIBRARIES += %D%/libcontract.a
%C%_libcontract_a_SOURCES = %D%/contract.c %D%/contract.h
storage_ldadd = %D%/libcontract.a $(unit_ldadd)

check_PROGRAMS += %D%/local.t %D%/memory.t

%C%_local_t_SOURCES = %D%/local.c
%C%_local_t_LDADD = $(storage_ldadd)

%C%_memory_t_SOURCES = %D%/memory.c
%C%_memory_t_LDADD = $(storage_ldadd)

# Needs a server: tests/parts/servers.py run cloudinary -- tests/storage/cloudinary.t
check_LIBRARIES += %D%/libcloudinaryserver.a
%C%_libcloudinaryserver_a_SOURCES = %D%/cloudinary_server.c %D%/cloudinary_server.h

check_PROGRAMS += %D%/cloudinary.t %D%/cloudinary_faults.t

%C%_cloudinary_t_SOURCES = %D%/cloudinary.c
%C%_cloudinary_t_LDADD = %D%/libcloudinaryserver.a $(storage_ldadd)

%C%_cloudinary_faults_t_SOURCES = %D%/cloudinary_faults.c
%C%_cloudinary_faults_t_LDADD = %D%/libcloudinaryserver.a $(storage_ldadd)

EXTRA_DIST += %D%/site_cloudinary.py

# Through httpd and the programs, on servers that they start.
EXTRA_DIST += %D%/applications.py %D%/credentials.py %D%/hangs.py %D%/reuse.py %D%/soak.py %D%/relay.py
EXTRA_DIST += %D%/leftovers.py %D%/remote_site.py

# These need servers: tests/parts/servers.py run ftp proftpd -- tests/storage/ftp.t
check_PROGRAMS += %D%/ftp.t %D%/mirror.t

%C%_ftp_t_SOURCES = %D%/ftp.c
%C%_ftp_t_LDADD = $(storage_ldadd)

%C%_mirror_t_SOURCES = %D%/mirror.c
%C%_mirror_t_LDADD = $(storage_ldadd)

# What ftp_faults.py drives: no test by itself.
EXTRA_PROGRAMS += %D%/client
check_DATA = %D%/client
CLEANFILES += %D%/client
%C%_client_SOURCES = %D%/client.c
%C%_client_LDADD = libmediaupload/libmediaupload.la
EXTRA_DIST += %D%/ftp_faults.py %D%/ftp_proxy.py

# These need a server: tests/parts/servers.py run s3 -- tests/storage/s3.t
check_LIBRARIES += %D%/libs3server.a
%C%_libs3server_a_SOURCES = %D%/proxy.c %D%/proxy.h %D%/s3_server.c %D%/s3_server.h
s3_ldadd = %D%/libs3server.a $(storage_ldadd)
EXTRA_DIST += %D%/sdk_signature.py

check_PROGRAMS += %D%/s3.t %D%/s3_faults.t %D%/s3_signatures.t

%C%_s3_t_SOURCES = %D%/s3.c
%C%_s3_t_LDADD = $(s3_ldadd)

%C%_s3_faults_t_SOURCES = %D%/s3_faults.c
%C%_s3_faults_t_LDADD = $(s3_ldadd)

%C%_s3_signatures_t_SOURCES = %D%/s3_signatures.c
%C%_s3_signatures_t_LDADD = $(s3_ldadd)
