include tests/storage/local.mk

check_PROGRAMS += %D%/local.t %D%/local_faults.t %D%/memory.t %D%/storage.t

%C%_local_t_SOURCES = %D%/local.c
%C%_local_t_LDADD = $(storage_ldadd)

%C%_local_faults_t_SOURCES = %D%/local_faults.c
%C%_local_faults_t_LDADD = $(storage_ldadd)

%C%_memory_t_SOURCES = %D%/memory.c
%C%_memory_t_LDADD = $(storage_ldadd)

%C%_storage_t_SOURCES = %D%/storage.c
%C%_storage_t_LDADD = $(storage_ldadd)
