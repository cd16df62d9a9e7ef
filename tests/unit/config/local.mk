check_PROGRAMS += %D%/settings.t %D%/config.t %D%/config_file.t %D%/env_file.t

%C%_settings_t_SOURCES = %D%/settings.c
%C%_settings_t_LDADD = $(unit_ldadd)

%C%_config_t_SOURCES = %D%/config.c
%C%_config_t_LDADD = $(unit_ldadd)

%C%_config_file_t_SOURCES = %D%/config_file.c %D%/text_file.c %D%/text_file.h
%C%_config_file_t_LDADD = $(unit_ldadd)

%C%_env_file_t_SOURCES = %D%/env_file.c %D%/text_file.c %D%/text_file.h
%C%_env_file_t_LDADD = $(unit_ldadd)
