libmediaupload_libmediaupload_la_SOURCES += \
	%D%/backend.h \
	%D%/circuit.c %D%/circuit.h \
	%D%/local.c \
	%D%/memory.c \
	%D%/storage.c %D%/storage.h
