check_PROGRAMS += %D%/encode.t

%C%_encode_t_SOURCES = %D%/encode.c
%C%_encode_t_LDADD = $(unit_ldadd)
