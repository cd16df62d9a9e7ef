check_PROGRAMS += %D%/encode.t

%C%_encode_t_SOURCES = %D%/encode.c
%C%_encode_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/file.t

%C%_file_t_SOURCES = %D%/file.c
%C%_file_t_LDADD = $(unit_ldadd)
