"""One session of a task with the real ClearML SDK.

Reads a list of steps as JSON from argv[1], does them on one task, and prints one JSON line per step.
Steps, each an object with "do":

  request   request_external_endpoint: port, protocol, and optionally name, wait, timeout, static_route
  wait      wait_for_external_endpoint: protocol, timeout
  list      list_external_endpoints
  runtime   the task's runtime as ClearML has it, keys that a test may look at only
  gradio    what SDKs before the licence gate did for Gradio: writes the keys, replaces the tags;
            port, and address where it is not the SDK's own idea of this machine's
  hold      keeps the task alive until a line comes on standard input

The first printed line is {"task": id}; an exception in a step becomes {"error": type, "message": text}.
The environment says where ClearML is: CLEARML_API_HOST, CLEARML_API_ACCESS_KEY,
CLEARML_API_SECRET_KEY, CLEARML_WEB_HOST, CLEARML_FILES_HOST.
"""

import inspect
import json
import sys

from clearml import Task

PREFIXES = (
    "_SERVICE",
    "_ADDRESS",
    "_PORT",
    "endpoint",
    "browser_endpoint",
    "external_address",
    "external_tcp_port",
    "upstream_task_port",
    "_ROUTER_",
)


def tell(value):
    print("RESULT " + json.dumps(value), flush=True)


def runtime(task):
    task.reload()
    known = task.data.runtime or {}
    return {key: value for key, value in known.items() if key.startswith(PREFIXES)}


def request(task, step):
    asked = {
        "port": step["port"],
        "protocol": step.get("protocol", "http"),
        "wait": step.get("wait", True),
        "wait_interval_seconds": 0.3,
        "wait_timeout_seconds": step.get("timeout", 20.0),
        "endpoint_name": step.get("name"),
        "static_route": step.get("static_route"),
    }
    known = inspect.signature(task.request_external_endpoint).parameters
    return task.request_external_endpoint(
        **{key: value for key, value in asked.items() if key in known and value is not None}
    )


def gradio(task, step):
    # The Gradio binding itself acts only inside Gradio; this is what it writes.
    from clearml.utilities.networking import get_private_ip

    address = step.get("address") or get_private_ip()
    task._set_runtime_properties(
        {"_SERVICE": "EXTERNAL", "_ADDRESS": address, "_PORT": step["port"]}
    )
    task.set_system_tags(["external_service"])
    return runtime(task)


def run(task, step):
    do = step["do"]
    if do == "request":
        return request(task, step)
    if do == "wait":
        return task.wait_for_external_endpoint(
            protocol=step.get("protocol", "http"),
            wait_interval_seconds=0.3,
            wait_timeout_seconds=step.get("timeout", 20.0),
        )
    if do == "list":
        task.reload()
        return task.list_external_endpoints()
    if do == "runtime":
        return runtime(task)
    if do == "gradio":
        return gradio(task, step)
    if do == "hold":
        return sys.stdin.readline().strip()
    raise ValueError("unknown step " + do)


def main():
    task = Task.init(
        project_name="gateway tests",
        task_name="sdk session",
        auto_connect_frameworks=False,
        auto_resource_monitoring=False,
        reuse_last_task_id=False,
    )
    tell({"task": task.id})
    for step in json.loads(sys.argv[1]):
        try:
            tell({"do": step["do"], "result": run(task, step)})
        except Exception as error:  # every failure is a result that the test looks at
            tell({"do": step["do"], "error": type(error).__name__, "message": str(error)})
    task.close()
    tell({"closed": True})


if __name__ == "__main__":
    main()
