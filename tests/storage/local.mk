# One contract for every storage, and a driver for each.
check_LIBRARIES += %D%/libcontract.a
%C%_libcontract_a_SOURCES = %D%/contract.c %D%/contract.h
storage_ldadd = %D%/libcontract.a $(unit_ldadd)

check_PROGRAMS += %D%/local.t %D%/memory.t

%C%_local_t_SOURCES = %D%/local.c
%C%_local_t_LDADD = $(storage_ldadd)

%C%_memory_t_SOURCES = %D%/memory.c
%C%_memory_t_LDADD = $(storage_ldadd)
