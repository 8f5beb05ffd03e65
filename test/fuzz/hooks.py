"""What Schemathesis cannot know of this system, put into requests that are meant to be right.

No check and no operation is left out here. A schema says what a cursor, a registered number or the current password
looks like, but only the system says which ones there are: a made-up one is rightly refused. Requests that are meant to
be wrong stay as they were made, but for their credential.
"""

import json
import os
import uuid

import requests
import schemathesis

FUZZ = json.loads(os.environ["FUZZ"])
URL = FUZZ["url"]
ID_PREFIXES = ("ma_", "sa_", "ak_", "op_", "wh_", "whd_")


class Caller:
    """Who asks: by a key, or by a session that is renewed when it ends."""

    def __init__(self):
        self.headers = {}
        self.cookies = {}
        self.log_in()

    def log_in(self):
        if "key" in FUZZ:
            self.headers = {"Authorization": "Bearer " + FUZZ["key"]}
            return
        answer = requests.post(URL + "/v1/session", json=FUZZ["login"], timeout=30)
        answer.raise_for_status()
        self.take(answer.cookies.get_dict(), answer.json())

    def take(self, cookies, session):
        self.cookies = dict(cookies)
        self.headers = {"X-CSRF-Token": session["csrfToken"]}


CALLER = Caller()
#: Ids that the system has given out: those are real, all others are made up.
KNOWN = {FUZZ["mainAccountId"], *FUZZ["subAccountIds"]}
CURSORS = {}


@schemathesis.auth(refresh_interval=None)
class Credential:
    def get(self, case, context):
        return CALLER.headers, CALLER.cookies

    def set(self, case, data, context):
        case.headers = {
            name: value
            for name, value in (case.headers or {}).items()
            if name.lower() not in ("authorization", "cookie", "x-csrf-token")
        }
        headers, cookies = data
        case.headers.update(headers)
        case.cookies = dict(cookies)


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    if not is_positive(case):
        return
    headers = case.headers or {}
    for name in list(headers):
        # A key that was used belongs to its first request; that is tested where repeats are.
        if name.lower() == "idempotency-key":
            headers[name] = str(uuid.uuid4())
    parameters = case.path_parameters or {}
    if "id" in parameters and parameters["id"] not in KNOWN:
        parameters["id"] = FUZZ["mainAccountId"]
    if "sub" in parameters and parameters["sub"] not in KNOWN:
        parameters["sub"] = FUZZ["subAccountIds"][len(KNOWN) % len(FUZZ["subAccountIds"])]
    if case.query and "cursor" in case.query:
        put_real_cursor(case)
    for name in list(headers):
        if name.lower() == "if-match":
            put_real_tag(case, headers, name)
    if isinstance(case.body, dict):
        put_real_values(case.operation.definition.raw.get("operationId"), case.body, parameters.get("id"))


def put_real_cursor(case):
    """Of the very list with its order, or none where it has one page only."""
    query = {name: case.query[name] for name in ("sort", "order", "by") if name in case.query}
    path = case.formatted_path
    key = (path, json.dumps(query, sort_keys=True))
    if key not in CURSORS:
        answer = requests.get(
            URL + path,
            params={**query, "limit": 1},
            headers=CALLER.headers,
            cookies=CALLER.cookies,
            timeout=30,
        )
        CURSORS[key] = answer.json().get("nextCursor") if answer.status_code == 200 else None
    if CURSORS[key] is None:
        del case.query["cursor"]
    else:
        case.query["cursor"] = CURSORS[key]


def put_real_tag(case, headers, name):
    """The one that the settings have now; there is none where there is no such thing."""
    answer = requests.get(
        URL + case.formatted_path, headers=CALLER.headers, cookies=CALLER.cookies, timeout=30
    )
    if "etag" in answer.headers:
        headers[name] = answer.headers["etag"]


def registered(main_account):
    answer = requests.get(
        f"{URL}/v1/main-accounts/{main_account}/sender-numbers",
        headers=CALLER.headers,
        cookies=CALLER.cookies,
        timeout=30,
    )
    return answer.json()["senderNumbers"] if answer.status_code == 200 else []


def put_real_values(operation, body, main_account):
    if operation in ("createSubAccount", "patchSubAccount") and body.get("senderNumbers"):
        body["senderNumbers"] = registered(main_account)[: len(body["senderNumbers"])]
    if "timeZone" in body:
        body["timeZone"] = FUZZ["timeZone"]
    if operation in ("createMainAccount", "createSubAccount", "patchSubAccount") and "password" in body:
        # Which passwords are common, or made of the login, is more than a pattern can say.
        body["password"] = uuid.uuid4().hex
    if operation == "setMainAccountPassword":
        # The same one again, so that the next login finds it.
        body["password"] = (FUZZ.get("login") or FUZZ["someLogin"])["password"]
    if operation == "createApiKey" and "expiresAt" in body:
        body["expiresAt"] = "2099-01-01T00:00:00Z"
    if operation == "changePassword" and "login" in FUZZ:
        # The same one again, so that the next login finds it.
        body["currentPassword"] = body["newPassword"] = FUZZ["login"]["password"]
    if operation in ("createWebhook", "patchWebhook") and "url" in body:
        # Which hosts are public addresses is more than a pattern can say; nobody answers there.
        body["url"] = "https://hooks.example.com/" + str(uuid.uuid4())
    if operation == "createSession":
        body.clear()
        body.update(FUZZ.get("login") or FUZZ["someLogin"])


@schemathesis.hook
def after_call(context, case, response):
    operation = case.operation.definition.raw.get("operationId")
    if 200 <= response.status_code < 300:
        note_ids(response)
        # Both give a new session and end the one that the request came with.
        if operation in ("createSession", "changePassword") and "login" in FUZZ:
            CALLER.take(cookies_of(response), response.json())
        # The asker's own session may be among those that ended.
        if operation in ("deleteSession", "endMainAccountSessions", "endSubAccountSessions", "setMainAccountPassword"):
            CALLER.log_in()


def cookies_of(response):
    header = response.headers.get("set-cookie", [""])[0]
    name, _, value = header.split(";")[0].partition("=")
    return {name: value}


def note_ids(response):
    if "json" not in response.headers.get("content-type", [""])[0]:
        return
    body = response.json()
    for item in [body, *body.get("items", [])] if isinstance(body, dict) else []:
        if isinstance(item, dict) and str(item.get("id", "")).startswith(ID_PREFIXES):
            KNOWN.add(item["id"])
