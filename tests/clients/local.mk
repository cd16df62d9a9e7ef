# Tests against the clients that others wrote. ./check runs them; here is only what they compare with.
EXTRA_PROGRAMS += %D%/aws_print %D%/cloudinary_print
CLEANFILES += %D%/aws_print %D%/cloudinary_print

%C%_aws_print_SOURCES = %D%/aws_print.c %D%/answer_lines.c %D%/answer_lines.h
%C%_aws_print_LDADD = libmediaupload/libmediaupload.la
%C%_cloudinary_print_SOURCES = %D%/cloudinary_print.c %D%/answer_lines.c %D%/answer_lines.h
%C%_cloudinary_print_LDADD = libmediaupload/libmediaupload.la

EXTRA_DIST += %D%/aws.test.js %D%/cloudinary.test.js %D%/package.json %D%/package-lock.json
