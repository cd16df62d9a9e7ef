libmediaupload_libmediaupload_la_SOURCES += \
	%D%/backend.h \
	%D%/circuit.c %D%/circuit.h \
	%D%/cloudinary.c \
	%D%/cloudinary_account.c %D%/cloudinary_account.h \
	%D%/cloudinary_request.c \
	%D%/cloudinary_resource.c %D%/cloudinary_resource.h \
	%D%/cloudinary_sign.c %D%/cloudinary_sign.h \
	%D%/cloudinary_upload.c %D%/cloudinary_upload.h \
	%D%/cloudinary_url.c %D%/cloudinary_url.h \
	%D%/ftp.c \
	%D%/ftp_leftovers.c %D%/ftp_leftovers.h \
	%D%/ftp_url.c %D%/ftp_url.h \
	%D%/local.c \
	%D%/memory.c \
	%D%/mirror.c \
	%D%/s3.c \
	%D%/s3_call.c %D%/s3_call.h \
	%D%/s3_objects.c %D%/s3_objects.h \
	%D%/s3_parts.c %D%/s3_parts.h \
	%D%/s3_place.c %D%/s3_place.h \
	%D%/s3_writer.c %D%/s3_writer.h \
	%D%/s3_xml.c %D%/s3_xml.h \
	%D%/storage.c %D%/storage.h
