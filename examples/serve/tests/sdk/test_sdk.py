"""The cloud's own client, huaweicloudsdkworkspace, against `taskdex-serve`.

`.ci/sdk` installs the client and runs this. TASKDEX_SERVE names the server's program.
"""

import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkworkspace.v2 import ListScheduledTasksRequest, ScheduledTask
from huaweicloudsdkworkspace.v2 import WorkspaceAsyncClient, WorkspaceClient

TASK_TYPES = ["START", "STOP", "REBOOT", "HIBERNATE", "REBUILD", "EXECUTE_SCRIPT", "CREATE_SNAPSHOT"]
LIFE_CYCLE_TYPES = [
    "POST_CREATE_DESKTOP_SUCCESS",
    "POST_REBUILD_DESKTOP_SUCCESS",
    "POST_REATTACH_DESKTOP_SUCCESS",
    "POST_DESKTOP_DISCONNECTED",
]
LAST_STATUSES = ["SUCCESS", "SKIP", "FAIL"]
SCHEDULES = {
    "FIXED_TIME": {"scheduled_date": "2999-01-31", "scheduled_time": "08:30:00"},
    "DAY": {"day_interval": 2, "scheduled_time": "02:00:00"},
    "WEEK": {"week_list": "2,3,4", "scheduled_time": "22:15:00", "time_zone": "Europe/Paris"},
    "MONTH": {"month_list": "1,7", "date_list": "1,L", "scheduled_time": "00:00:00", "time_zone": "GMT+8"},
}

# Each is part of one name alone.
AWKWARD_NAMES = [
    '"quoted"',
    "it's",
    "back\\slash",
    "line\nfeed",
    "carriage\rreturn",
    "tab\tstop",
    "nul\0byte",
    "escape\x1b[0m",
    "delete\x7f",
    "next\u0085line",
    "line\u2028separator",
    "right\u200fto\u200eleft",
    "override\u202etxt.exe",
    "שלום עולם",
    "مرحبا بالعالم",
    "定时关机",
    "emoji 😀",
    "family 👨‍👩‍👧‍👦",
    "flag 🇨🇳",
    "zero\u200bwidth",
    "e\u0301 combined",
    "é composed",
    "byte\ufefforder",
    "per%cent %20 %zz",
    "plus + and & equals = hash # question ?",
    "under_score * star [a-z]",
    "<script>alert(1)</script>",
    "😀" * 255,
]
assert len(AWKWARD_NAMES) == 28

AWKWARD_PROJECTS = ["p/q", "空 间"]


def record(number, **fields):
    return {"id": f"t-{number}", "task_name": f"task {number}", **fields}


def default_records():
    """Every timed and triggered combination, and what a page shows beside the filters."""
    numbers = itertools.count()
    statuses = [None, *LAST_STATUSES]
    for task_type, scheduled_type, status in itertools.product(TASK_TYPES, SCHEDULES, statuses):
        number = next(numbers)
        fields = {"task_type": task_type, "scheduled_type": scheduled_type, **SCHEDULES[scheduled_type]}
        if status:
            fields["last_status"] = status
        if number % 3 == 0:
            fields["enable"] = False
        if number % 4 == 0:
            fields["description"] = f'"{number}"\n描述'
        yield record(number, **fields)
    triggered = [it for it in TASK_TYPES if it not in ("START", "REBUILD")]
    for task_type, event, status in itertools.product(triggered, LIFE_CYCLE_TYPES, statuses):
        number = next(numbers)
        fields = {"task_type": task_type, "scheduled_type": "LIFE_CYCLE", "life_cycle_type": event}
        if status:
            fields["last_status"] = status
        fields["priority"] = number % 51
        fields["wait_time"] = number * 100
        yield record(number, **fields)


def is_listed(task, filters):
    if filters.get("scheduled_type") != "LIFE_CYCLE" and task["scheduled_type"] == "LIFE_CYCLE":
        return False
    for name, value in filters.items():
        if name == "task_name":
            if value not in task["task_name"]:
                return False
        elif task.get(name) != value:
            return False
    return True


class Server:
    """A running server of a file."""

    def __init__(self, text):
        folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(folder.name, "data")
        path.write_bytes(text.encode())
        program = os.environ["TASKDEX_SERVE"]
        self.process = subprocess.Popen(
            [program, "--addr", "127.0.0.1:0", "--data", str(path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        folder.cleanup()
        self.endpoint = re.fullmatch(r"listening on (http://\S+)\n", line)[1]

    def client(self, project="default", kind=WorkspaceClient):
        credentials = BasicCredentials("access", "secret", project)
        return kind.new_builder().with_credentials(credentials).with_endpoints([self.endpoint]).build()

    def get(self, query, project="default"):
        url = f"{self.endpoint}/v2/{project}/scheduled-tasks?{query}"
        with urllib.request.urlopen(url) as response:
            return response.read().decode()

    def stop(self):
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=20)
        self.process.stdout.close()
        return status


def lines(records):
    return "".join(json.dumps(it) + "\n" for it in records)


def pages(client, limit, **filters):
    """Every task of a listing, page by page, and its total."""
    tasks = []
    while True:
        request = ListScheduledTasksRequest(offset=len(tasks), limit=limit, **filters)
        response = client.list_scheduled_tasks(request)
        if not response.scheduled_tasks:
            return tasks, response.total_count
        tasks += response.scheduled_tasks


class SdkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.records = list(default_records())
        elsewhere = [
            record(0, task_type="STOP", scheduled_type="DAY", project_id=project, description=project)
            for project in AWKWARD_PROJECTS
        ]
        names = [
            record(number, task_type="STOP", scheduled_type="DAY", project_id="names") | {"task_name": name}
            for number, name in enumerate(AWKWARD_NAMES)
        ]
        cls.server = Server(lines(cls.records + elsewhere + names))
        cls.client = cls.server.client()

    @classmethod
    def tearDownClass(cls):
        # Connections that the clients keep open are no reason to wait.
        status = cls.server.stop()
        assert status == 0, f"exit status {status} after SIGTERM"

    def check(self, limit, **filters):
        listed, total = pages(self.client, limit, **filters)
        expected = [it["id"] for it in self.records if is_listed(it, filters)]
        self.assertEqual([it.id for it in listed], expected, filters)
        self.assertEqual(total, len(expected), filters)

    def test_pages_through_all_tasks(self):
        for limit in (7, 50):
            self.check(limit)

    def test_pages_through_each_filter(self):
        for name, values in {
            "task_type": TASK_TYPES,
            "scheduled_type": [*SCHEDULES, "LIFE_CYCLE"],
            "life_cycle_type": LIFE_CYCLE_TYPES,
            "last_status": LAST_STATUSES,
            "task_name": ["task 1", "sk 10", "Task", "nothing", ""],
        }.items():
            for value in values:
                with self.subTest(filter=name, value=value):
                    self.check(20, **{name: value})

    def test_pages_through_filters_together(self):
        for event, status in itertools.product(LIFE_CYCLE_TYPES, LAST_STATUSES):
            self.check(2, scheduled_type="LIFE_CYCLE", life_cycle_type=event, last_status=status)
        self.check(5, task_type="STOP", scheduled_type="WEEK", last_status="FAIL", task_name="task")

    def test_gives_typed_objects(self):
        expected = {it["id"]: it for it in self.records}
        for scheduled_type in [*SCHEDULES, "LIFE_CYCLE"]:
            for task in pages(self.client, 50, scheduled_type=scheduled_type)[0]:
                self.assertIsInstance(task, ScheduledTask)
                given = expected[task.id]
                for name in ("task_name", "task_type", "scheduled_type", "life_cycle_type", "last_status",
                             "description", "priority", "wait_time"):
                    self.assertEqual(getattr(task, name), given.get(name), (task.id, name))
                self.assertIs(task.enable, given.get("enable", True))
                is_timed = scheduled_type != "LIFE_CYCLE"
                zone = given.get("time_zone", "Asia/Shanghai") if is_timed else None
                self.assertEqual(task.time_zone, zone)
                if is_timed and task.enable:
                    self.assertRegex(task.next_execution_time, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
                else:
                    self.assertIsNone(task.next_execution_time)
        fixed = pages(self.client, 50, scheduled_type="FIXED_TIME")[0]
        times = {it.next_execution_time for it in fixed if it.enable}
        self.assertEqual(times, {"2999-01-31 08:30:00"})

    def test_an_empty_page_has_the_total(self):
        total = sum(is_listed(it, {}) for it in self.records)
        for offset, limit in ((0, 0), (10**6, 50)):
            response = self.client.list_scheduled_tasks(ListScheduledTasksRequest(offset=offset, limit=limit))
            self.assertEqual((response.scheduled_tasks, response.total_count), ([], total))

    def test_refusals_have_our_code_and_message(self):
        for fields, code, message in (
            ({"limit": 51}, "TDX.0004",
             "number out of range: limit=`51`; accepted: a whole number from 0 to 50"),
            ({"limit": -1}, "TDX.0003", "limit=`-1`"),
            ({"task_type": "SLEEP"}, "TDX.0005", "task_type=`SLEEP`"),
            ({"task_name": "x" * 256}, "TDX.0006", "task_name"),
        ):
            request = ListScheduledTasksRequest(**{"offset": 0, "limit": 10, **fields})
            with self.assertRaises(ClientRequestException) as refused:
                self.client.list_scheduled_tasks(request)
            self.assertEqual(refused.exception.status_code, 400)
            self.assertEqual(refused.exception.error_code, code)
            self.assertIn(message, refused.exception.error_msg)
        with self.assertRaises(ClientRequestException) as refused:
            self.client.list_scheduled_tasks(ListScheduledTasksRequest(limit=10))
        self.assertEqual(refused.exception.error_code, "TDX.0001")

    def test_awkward_names_are_found_and_come_back(self):
        client = self.server.client("names")
        listed, total = pages(client, 10)
        self.assertEqual([it.task_name for it in listed], AWKWARD_NAMES)
        self.assertEqual(total, 28)
        for number, name in enumerate(AWKWARD_NAMES):
            with self.subTest(name=name):
                found, total = pages(client, 10, task_name=name)
                self.assertEqual([it.id for it in found], [f"t-{number}"])
                self.assertEqual(total, 1)

    def test_awkward_projects_are_told_apart(self):
        for project in AWKWARD_PROJECTS:
            listed, total = pages(self.server.client(project), 10)
            self.assertEqual([it.description for it in listed], [project])
            self.assertEqual(total, 1)
        listed, total = pages(self.server.client("p"), 10)
        self.assertEqual((listed, total), ([], 0))

    def test_the_asynchronous_client_gives_the_same(self):
        client = self.server.client(kind=WorkspaceAsyncClient)
        offsets = range(0, 112, 8)
        futures = [
            client.list_scheduled_tasks_async(ListScheduledTasksRequest(offset=offset, limit=8))
            for offset in offsets
        ]
        listed = [it.id for future in futures for it in future.result().scheduled_tasks]
        self.assertEqual(listed, [it["id"] for it in self.records[:112]])
        with self.assertRaises(ServiceResponseException) as refused:
            client.list_scheduled_tasks_async(ListScheduledTasksRequest(offset=0, limit=51)).result()
        self.assertEqual(refused.exception.error_code, "TDX.0004")

    def test_eight_threads_get_the_same(self):
        def walk(task_type):
            listed, total = pages(self.client, 5, task_type=task_type)
            return [it.id for it in listed], total

        asked = [TASK_TYPES[number % len(TASK_TYPES)] for number in range(16)]
        with ThreadPoolExecutor(8) as threads:
            for task_type, (listed, total) in zip(asked, threads.map(walk, asked)):
                expected = [it["id"] for it in self.records if is_listed(it, {"task_type": task_type})]
                self.assertEqual((listed, total), (expected, len(expected)))

    def test_a_mirror_of_the_pages_shows_the_same(self):
        bodies = []
        for query in ("", "&scheduled_type=LIFE_CYCLE"):
            shown = []
            for offset in itertools.count(0, 50):
                body = self.server.get(f"offset={offset}&limit=50{query}")
                tasks, total = re.fullmatch(r'\{"scheduled_tasks":\[(.*)\],"total_count":(\d+)\}', body).groups()
                if not tasks:
                    break
                shown.append(tasks)
            bodies.append((query, ",".join(shown), int(total)))
        everything = ",".join(shown for _, shown, _ in bodies)
        mirror = Server(f'{{"scheduled_tasks":[{everything}],"total_count":{sum(it[2] for it in bodies)}}}')
        try:
            for query, shown, total in bodies:
                for offset in range(0, total, 50):
                    page = mirror.get(f"offset={offset}&limit=50{query}")
                    tasks, mirrored = re.fullmatch(
                        r'\{"scheduled_tasks":\[(.*)\],"total_count":(\d+)\}', page).groups()
                    self.assertEqual(int(mirrored), total)
                    self.assertTrue(shown.startswith(tasks), f"not the same from {offset} on")
                    shown = shown[len(tasks) + 1:]
                self.assertEqual(shown, "")
        finally:
            self.assertEqual(mirror.stop(), 0)


if __name__ == "__main__":
    unittest.main()
