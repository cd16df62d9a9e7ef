check_PROGRAMS += %D%/object_key.t %D%/policy.t %D%/public_url.t %D%/check.t %D%/engine.t %D%/intake.t %D%/outbox.t \
	%D%/outbox_faults.t %D%/remote_url.t %D%/silence.t %D%/checksum.t

# Collections for tests, in this folder and in ../upload.
target_sources = %D%/target.c %D%/target.h tests/unit/config/text_file.c tests/unit/config/text_file.h

%C%_object_key_t_SOURCES = %D%/object_key.c
%C%_object_key_t_LDADD = $(unit_ldadd)

%C%_policy_t_SOURCES = %D%/policy.c
%C%_policy_t_LDADD = $(unit_ldadd)

%C%_public_url_t_SOURCES = %D%/public_url.c $(target_sources)
%C%_public_url_t_LDADD = $(unit_ldadd)

%C%_check_t_SOURCES = %D%/check.c $(target_sources)
%C%_check_t_LDADD = $(unit_ldadd)

%C%_engine_t_SOURCES = %D%/engine.c $(target_sources)
%C%_engine_t_LDADD = $(unit_ldadd)

%C%_checksum_t_SOURCES = %D%/checksum.c $(target_sources)
%C%_checksum_t_LDADD = $(unit_ldadd)

%C%_intake_t_SOURCES = %D%/intake.c $(target_sources)
%C%_intake_t_LDADD = $(storage_ldadd)

outbox_sources = %D%/outbox_steps.c %D%/outbox_steps.h $(target_sources)

%C%_outbox_t_SOURCES = %D%/outbox.c $(outbox_sources)
%C%_outbox_t_LDADD = $(storage_ldadd)

%C%_outbox_faults_t_SOURCES = %D%/outbox_faults.c $(outbox_sources)
%C%_outbox_faults_t_LDADD = $(storage_ldadd)

%C%_silence_t_SOURCES = %D%/silence.c $(outbox_sources)
%C%_silence_t_LDADD = tests/unit/net/libserver.a $(storage_ldadd)

%C%_remote_url_t_SOURCES = %D%/remote_url.c
%C%_remote_url_t_LDADD = $(unit_ldadd)
