EXTRA_DIST += README.md CONTRIBUTING.md
EXTRA_DIST += \
	%D%/page.png \
	%D%/admin.png \
	%D%/references.cast \
	%D%/admin.md \
	%D%/architecture.md \
	%D%/cpanel.md \
	%D%/health.md \
	%D%/http.md \
	%D%/migrate.md \
	%D%/outbox.md \
	%D%/performance.md \
	%D%/security.md \
	%D%/settings.md \
	%D%/storage.md \
	%D%/testing.md \
	%D%/walkthrough.md
EXTRA_DIST += \
	examples/cpanel.conf \
	examples/fetch.html \
	examples/form.html \
	examples/htaccess \
	examples/httpd.conf
