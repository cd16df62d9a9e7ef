include tests/storage/local.mk

check_PROGRAMS += %D%/circuit.t %D%/local.t %D%/local_faults.t %D%/memory.t %D%/storage.t

%C%_circuit_t_SOURCES = %D%/circuit.c
%C%_circuit_t_LDADD = $(unit_ldadd)

%C%_local_t_SOURCES = %D%/local.c
%C%_local_t_LDADD = $(storage_ldadd)

%C%_local_faults_t_SOURCES = %D%/local_faults.c
%C%_local_faults_t_LDADD = $(storage_ldadd)

%C%_memory_t_SOURCES = %D%/memory.c
%C%_memory_t_LDADD = $(storage_ldadd)

%C%_storage_t_SOURCES = %D%/storage.c
%C%_storage_t_LDADD = $(storage_ldadd)

check_PROGRAMS += %D%/s3_place.t %D%/s3_answers.t

%C%_s3_place_t_SOURCES = %D%/s3_place.c
%C%_s3_place_t_LDADD = $(unit_ldadd)

%C%_s3_answers_t_SOURCES = %D%/s3_answers.c
%C%_s3_answers_t_LDADD = $(unit_ldadd)

check_PROGRAMS += %D%/s3_writer.t

%C%_s3_writer_t_SOURCES = %D%/s3_writer.c
%C%_s3_writer_t_LDADD = tests/unit/net/libserver.a $(unit_ldadd)

check_PROGRAMS += %D%/cloudinary.t %D%/cloudinary_sign.t %D%/cloudinary_url.t

%C%_cloudinary_t_SOURCES = %D%/cloudinary.c
%C%_cloudinary_t_LDADD = $(storage_ldadd)

%C%_cloudinary_sign_t_SOURCES = %D%/cloudinary_sign.c
%C%_cloudinary_sign_t_LDADD = $(storage_ldadd)

%C%_cloudinary_url_t_SOURCES = %D%/cloudinary_url.c
%C%_cloudinary_url_t_LDADD = $(storage_ldadd)

check_PROGRAMS += %D%/ftp_url.t %D%/mirror.t

%C%_ftp_url_t_SOURCES = %D%/ftp_url.c
%C%_ftp_url_t_LDADD = $(unit_ldadd)

%C%_mirror_t_SOURCES = %D%/mirror.c
%C%_mirror_t_LDADD = $(storage_ldadd)
