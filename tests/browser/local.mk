# The page's tests are run by ./check, which has node and a browser; here they are only packed.
EXTRA_DIST += \
	%D%/access.js %D%/admin_site.js %D%/browser.js %D%/crc32.js %D%/tap.js \
	%D%/admin.test.js %D%/admin_parts.test.js %D%/meter.test.js %D%/parts.test.js %D%/upload.test.js \
	%D%/package.json %D%/package-lock.json
