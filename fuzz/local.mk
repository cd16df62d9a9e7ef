# "make check" replays the seeds, and with them every input that once broke a parser. fuzz/run looks for new ones.
check_PROGRAMS += %D%/multipart.t %D%/part_header.t

%C%_multipart_t_SOURCES = %D%/multipart.c %D%/replay.c %D%/target.h
%C%_multipart_t_LDADD = libmediaupload/libmediaupload.la

%C%_part_header_t_SOURCES = %D%/part_header.c %D%/replay.c %D%/target.h
%C%_part_header_t_LDADD = libmediaupload/libmediaupload.la

EXTRA_DIST += %D%/README.md %D%/run %D%/multipart.dict %D%/seeds
