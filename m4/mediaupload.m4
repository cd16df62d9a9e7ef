# MU_CHECK_C11: a compiler too old is said in one sentence.
AC_DEFUN([MU_CHECK_C11], [
  AC_MSG_CHECKING([for a C11 compiler])
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
    #if !defined(__STDC_VERSION__) || __STDC_VERSION__ < 201112L
    #error too old
    #endif
    _Static_assert(sizeof(long long) == 8, "64 bit");]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([$CC does not compile C11: install gcc 5 or clang 3.6 (or newer), or name one with CC=...])])
])

# MU_CHECK_LIBRARY(PREFIX, MODULE, DEBIAN-PACKAGE)
AC_DEFUN([MU_CHECK_LIBRARY], [
  PKG_CHECK_MODULES([$1], [$2], [],
    [AC_MSG_ERROR([$2 was not found: install the Debian package $3, or set PKG_CONFIG_PATH])])
])

# MU_CHECK_APXS: only paths are taken from apxs; its flags bring LTO, which breaks clang and fuzz builds.
AC_DEFUN([MU_CHECK_APXS], [
  AC_ARG_WITH([apxs], [AS_HELP_STRING([--with-apxs=PATH], [httpd's apxs])], [APXS=$withval],
    [AC_PATH_PROGS([APXS], [apxs apxs2], [], [$PATH:/usr/sbin:/usr/local/apache2/bin])])
  AS_IF([test -z "$APXS"],
    [AC_MSG_ERROR([apxs was not found: install the Debian package apache2-dev, or give --with-apxs=PATH])])
  HTTPD_CPPFLAGS="-I`$APXS -q INCLUDEDIR`"
  AC_ARG_WITH([moduledir], [AS_HELP_STRING([--with-moduledir=DIR], [where the module is installed])],
    [moduledir=$withval], [moduledir=`$APXS -q LIBEXECDIR`])
  AC_SUBST([HTTPD_CPPFLAGS])
  AC_SUBST([moduledir])
])

# MU_TRY_FLAG(VARIABLE, FLAG): append FLAG when the compiler takes it.
AC_DEFUN([MU_TRY_FLAG], [
  mu_saved_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS -Werror $2"
  AC_MSG_CHECKING([whether $CC takes $2])
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
    [AC_MSG_RESULT([yes]); $1="$$1 $2"], [AC_MSG_RESULT([no])])
  CFLAGS=$mu_saved_CFLAGS
])

AC_DEFUN([MU_COMPILER_FLAGS], [
  WARN_CFLAGS=
  m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wmissing-prototypes -Wformat=2 -Wconversion -Wno-sign-conversion
                        -Wstrict-prototypes -Wvla -Wno-null-pointer-subtraction],
    [MU_TRY_FLAG([WARN_CFLAGS], [flag])])
  AS_IF([test "x$enable_werror" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
  HARDEN_CFLAGS=
  m4_foreach_w([flag], [-fstack-protector-strong -fvisibility=hidden],
    [MU_TRY_FLAG([HARDEN_CFLAGS], [flag])])
  HARDEN_LDFLAGS="-Wl,-z,relro -Wl,-z,now"
  AS_IF([test "x$enable_sanitizers" = xyes],
    [SANITIZE_FLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"])
  AS_IF([test "x$enable_coverage" = xyes], [SANITIZE_FLAGS="$SANITIZE_FLAGS --coverage"])
  AC_SUBST([WARN_CFLAGS])
  AC_SUBST([HARDEN_CFLAGS])
  AC_SUBST([HARDEN_LDFLAGS])
  AC_SUBST([SANITIZE_FLAGS])
])
