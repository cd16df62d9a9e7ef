cgidir = $(libexecdir)/mediaupload/cgi-bin
cgi_PROGRAMS =
