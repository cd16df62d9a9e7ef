check_PROGRAMS += %D%/encode.t

%C%_encode_t_SOURCES = %D%/encode.c
%C%_encode_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/file.t

%C%_file_t_SOURCES = %D%/file.c
%C%_file_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/error.t %D%/digest.t %D%/json.t %D%/json_writer.t %D%/log.t %D%/memory.t

%C%_error_t_SOURCES = %D%/error.c
%C%_error_t_LDADD = $(unit_ldadd)

%C%_digest_t_SOURCES = %D%/digest.c
%C%_digest_t_LDADD = $(unit_ldadd)

%C%_json_t_SOURCES = %D%/json.c
%C%_json_t_LDADD = $(unit_ldadd)

%C%_json_writer_t_SOURCES = %D%/json_writer.c
%C%_json_writer_t_LDADD = $(unit_ldadd)

%C%_log_t_SOURCES = %D%/log.c
%C%_log_t_LDADD = $(unit_ldadd)

%C%_memory_t_SOURCES = %D%/memory.c
%C%_memory_t_LDADD = $(unit_ldadd)
