check_PROGRAMS += %D%/database.t %D%/fetched.t %D%/media.t %D%/parameters.t %D%/records.t

%C%_database_t_SOURCES = %D%/database.c %D%/count_rows.h %D%/each_driver.c %D%/each_driver.h
%C%_database_t_LDADD = $(unit_ldadd)

%C%_fetched_t_SOURCES = %D%/fetched.c %D%/each_driver.c %D%/each_driver.h
%C%_fetched_t_LDADD = $(unit_ldadd)

%C%_media_t_SOURCES = %D%/media.c %D%/count_rows.h %D%/each_driver.c %D%/each_driver.h
%C%_media_t_LDADD = $(unit_ldadd)

%C%_parameters_t_SOURCES = %D%/parameters.c
%C%_parameters_t_LDADD = $(unit_ldadd)

%C%_records_t_SOURCES = %D%/records.c %D%/each_driver.c %D%/each_driver.h
%C%_records_t_LDADD = $(unit_ldadd)
