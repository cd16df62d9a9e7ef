check_LIBRARIES += %D%/libserver.a
%C%_libserver_a_SOURCES = %D%/server.c %D%/server.h

check_PROGRAMS += %D%/http.t

%C%_http_t_SOURCES = %D%/http.c
%C%_http_t_LDADD = %D%/libserver.a $(unit_ldadd)

check_PROGRAMS += %D%/ftp_listing.t

%C%_ftp_listing_t_SOURCES = %D%/ftp_listing.c
%C%_ftp_listing_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/aws_sigv4.t

%C%_aws_sigv4_t_SOURCES = %D%/aws_sigv4.c
%C%_aws_sigv4_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/address_guard.t %D%/data_url.t %D%/fetch.t

%C%_address_guard_t_SOURCES = %D%/address_guard.c
%C%_address_guard_t_LDADD = $(unit_ldadd)

%C%_data_url_t_SOURCES = %D%/data_url.c
%C%_data_url_t_LDADD = $(unit_ldadd)

%C%_fetch_t_SOURCES = %D%/fetch.c
%C%_fetch_t_LDADD = %D%/libserver.a $(unit_ldadd)
