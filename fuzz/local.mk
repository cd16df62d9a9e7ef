# "make check" replays the seeds, and with them every input that once broke a parser. fuzz/run looks for new ones.
check_PROGRAMS += %D%/multipart.t %D%/part_header.t %D%/filename.t %D%/sniff.t %D%/image_header.t %D%/config.t \
	%D%/upload.t

fuzz_driver = %D%/replay.c %D%/target.h

%C%_multipart_t_SOURCES = %D%/multipart.c $(fuzz_driver)
%C%_multipart_t_LDADD = libmediaupload/libmediaupload.la

%C%_part_header_t_SOURCES = %D%/part_header.c $(fuzz_driver)
%C%_part_header_t_LDADD = libmediaupload/libmediaupload.la

%C%_filename_t_SOURCES = %D%/filename.c $(fuzz_driver)
%C%_filename_t_LDADD = libmediaupload/libmediaupload.la

%C%_sniff_t_SOURCES = %D%/sniff.c $(fuzz_driver)
%C%_sniff_t_LDADD = libmediaupload/libmediaupload.la

%C%_image_header_t_SOURCES = %D%/image_header.c $(fuzz_driver)
%C%_image_header_t_LDADD = libmediaupload/libmediaupload.la

%C%_config_t_SOURCES = %D%/config.c $(fuzz_driver)
%C%_config_t_LDADD = libmediaupload/libmediaupload.la

%C%_upload_t_SOURCES = %D%/upload.c $(fuzz_driver)
%C%_upload_t_LDADD = libmediaupload/libmediaupload.la

EXTRA_DIST += %D%/README.md %D%/run %D%/multipart.dict %D%/seeds
