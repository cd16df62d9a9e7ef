# The upload page, the administration page and the default images: plain files, served as they are.
htdocsdir = $(pkgdatadir)/htdocs
dist_htdocs_DATA = \
	%D%/index.html %D%/upload.js %D%/upload.css %D%/icon.svg \
	%D%/admin.html %D%/admin.js %D%/admin.css \
	%D%/default_article.jpg %D%/default_article.svg

htdocsjsdir = $(htdocsdir)/js
dist_htdocsjs_DATA = \
	%D%/js/answer.js %D%/js/card.js %D%/js/clipboard.js %D%/js/dom.js %D%/js/format.js %D%/js/item.js \
	%D%/js/languages.js %D%/js/limits.js %D%/js/meter.js %D%/js/picker.js %D%/js/queue.js %D%/js/readings.js \
	%D%/js/summary.js %D%/js/texts.js %D%/js/thumbnail.js %D%/js/transfer.js %D%/js/uploader.js

htdocsadmindir = $(htdocsdir)/js/admin
dist_htdocsadmin_DATA = \
	%D%/js/admin/choice.js %D%/js/admin/client.js %D%/js/admin/commands.js %D%/js/admin/confirm.js \
	%D%/js/admin/desk.js %D%/js/admin/driver.js %D%/js/admin/health.js %D%/js/admin/job.js \
	%D%/js/admin/outcome.js %D%/js/admin/parts.js %D%/js/admin/results.js %D%/js/admin/runs.js \
	%D%/js/admin/texts.js

# Tells node, which runs the tests of these files, what the page's <script type="module"> tells a browser.
EXTRA_DIST += %D%/js/package.json
