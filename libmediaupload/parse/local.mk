libmediaupload_libmediaupload_la_SOURCES += \
	%D%/media_type.c %D%/media_type.h \
	%D%/multipart.c %D%/multipart.h \
	%D%/part_header.c %D%/part_header.h \
	%D%/delimiter.c %D%/delimiter.h \
	%D%/image_header.c %D%/image_header.h %D%/image_reader.h \
	%D%/image_boxes.c \
	%D%/image_ebml.c \
	%D%/image_gif.c \
	%D%/image_jpeg.c \
	%D%/image_png.c \
	%D%/image_riff.c \
	%D%/content_guard.c %D%/content_guard.h \
	%D%/signature_search.c %D%/signature_search.h \
	%D%/svg_guard.c %D%/svg_guard.h \
	%D%/svg_rules.c %D%/svg_rules.h \
	%D%/filename.c %D%/filename.h
