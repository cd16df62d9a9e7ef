"""What the AWS SDK for Python makes of a request: the Authorization header, or the presigned URL, as one line.

    sdk_signature.py header|presign METHOD URL REGION TOKEN TIME [NAME=VALUE...]      TIME as 20130524T000000Z

The body is empty; the key is that of Amazon's examples."""
import datetime
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

how, method, url, region, token, time = sys.argv[1:7]
now = datetime.datetime.strptime(time, "%Y%m%dT%H%M%SZ")


class Then(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return now


class Clock:
    datetime = Then


botocore.auth.datetime = Clock
key = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", token or None)
request = AWSRequest(method, url, headers=dict(word.split("=", 1) for word in sys.argv[7:]))
if how == "header":
    botocore.auth.S3SigV4Auth(key, "s3", region).add_auth(request)
    print(request.headers["Authorization"])
else:
    botocore.auth.S3SigV4QueryAuth(key, "s3", region, expires=600).add_auth(request)
    print(request.url)
