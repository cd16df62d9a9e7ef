check_PROGRAMS += %D%/multipart.t
%C%_multipart_t_SOURCES = %D%/multipart.c
%C%_multipart_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/part_header.t
%C%_part_header_t_SOURCES = %D%/part_header.c
%C%_part_header_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/delimiter.t
%C%_delimiter_t_SOURCES = %D%/delimiter.c
%C%_delimiter_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/media_type.t
%C%_media_type_t_SOURCES = %D%/media_type.c
%C%_media_type_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/image_header.t
%C%_image_header_t_SOURCES = %D%/image_header.c
%C%_image_header_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/content_guard.t
%C%_content_guard_t_SOURCES = %D%/content_guard.c
%C%_content_guard_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/filename.t
%C%_filename_t_SOURCES = %D%/filename.c
%C%_filename_t_LDADD = $(unit_ldadd)
