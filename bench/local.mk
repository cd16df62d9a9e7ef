# Benchmarks: built on demand, e.g. "make bench/parser".
EXTRA_PROGRAMS += %D%/parser
%C%_parser_SOURCES = %D%/parser.c
%C%_parser_LDADD = libmediaupload/libmediaupload.la

# "bench/run" compares uploads with other receivers; it builds what it needs into bench/build.
# "bench/storage" and "bench/migrate" compare with rclone and aws.
EXTRA_DIST += %D%/run %D%/storage %D%/migrate %D%/install \
	%D%/payload.py %D%/compiling.py %D%/contenders.py %D%/measure.py %D%/table.py %D%/targets.py \
	%D%/workloads.py %D%/load.c %D%/sink.c %D%/peers
