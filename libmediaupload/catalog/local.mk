libmediaupload_libmediaupload_la_SOURCES += \
	%D%/connection.c %D%/connection.h \
	%D%/database.c %D%/database.h \
	%D%/dialect.c %D%/dialect.h \
	%D%/fetched.c %D%/fetched.h \
	%D%/media.c %D%/media.h \
	%D%/parameters.c %D%/parameters.h \
	%D%/records.c %D%/records.h \
	%D%/schema.c %D%/schema.h \
	%D%/sqlite_file.c %D%/sqlite_file.h
