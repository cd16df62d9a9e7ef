libmediaupload_libmediaupload_la_SOURCES += \
	%D%/config.c %D%/config.h \
	%D%/config_file.c %D%/config_file.h \
	%D%/env_file.c %D%/env_file.h \
	%D%/settings.c %D%/settings.h %D%/settings.def
