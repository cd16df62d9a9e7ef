# The page's tests are run by ./check, which has node and a browser; here they are only packed.
EXTRA_DIST += \
	%D%/browser.js %D%/crc32.js %D%/tap.js \
	%D%/meter.test.js %D%/parts.test.js %D%/upload.test.js \
	%D%/package.json %D%/package-lock.json
