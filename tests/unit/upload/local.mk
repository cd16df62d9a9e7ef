check_PROGRAMS += %D%/upload.t %D%/endpoint.t %D%/reply.t %D%/ticket.t %D%/negotiate.t \
	%D%/fetch_action.t %D%/json_body.t %D%/routes.t

%C%_upload_t_SOURCES = %D%/upload.c $(target_sources)
%C%_upload_t_LDADD = $(storage_ldadd)

%C%_endpoint_t_SOURCES = %D%/endpoint.c $(target_sources)
%C%_endpoint_t_LDADD = $(storage_ldadd)

%C%_reply_t_SOURCES = %D%/reply.c
%C%_reply_t_LDADD = $(unit_ldadd)

%C%_ticket_t_SOURCES = %D%/ticket.c
%C%_ticket_t_LDADD = $(unit_ldadd)

%C%_negotiate_t_SOURCES = %D%/negotiate.c
%C%_negotiate_t_LDADD = $(unit_ldadd)

%C%_fetch_action_t_SOURCES = %D%/fetch_action.c $(target_sources)
%C%_fetch_action_t_LDADD = $(storage_ldadd)

%C%_json_body_t_SOURCES = %D%/json_body.c
%C%_json_body_t_LDADD = $(unit_ldadd)

%C%_routes_t_SOURCES = %D%/routes.c $(target_sources)
%C%_routes_t_LDADD = $(storage_ldadd)
