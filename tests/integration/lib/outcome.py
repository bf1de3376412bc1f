"""Reading the errors of --json objects."""


def errors_of(json):
    """Every error object of a run: its own, its certificates', and all parts below them."""
    waiting = [json.get("error")]
    waiting += [c.get("error") for c in json.get("certificates") or []]
    found = []
    while waiting:
        error = waiting.pop(0)
        if error:
            found.append(error)
            waiting += error.get("parts") or []
    return found


def problem_types(json):
    """The types of all problem documents among them, without the urn's prefix."""
    types = set()
    for error in errors_of(json):
        problem = error.get("problem")
        if isinstance(problem, dict):
            problem = problem.get("type")
        if problem:
            types.add(problem.rsplit(":", 1)[-1])
    return types


def identifiers(json):
    """The names that errors are attributed to."""
    return {e["identifier"] for e in errors_of(json) if e.get("identifier")}


def assert_failed(result, *words):
    """The run failed with one object that says so, whose messages and hints have all WORDS, and
    which reads as sentences for a person."""
    assert result.json["ok"] is False
    assert result.json["error"], "no error object"
    texts = [f"{e.get('message') or ''} {e.get('hint') or ''}" for e in errors_of(result.json)]
    everything = "\n".join(texts)
    for word in words:
        assert str(word).lower() in everything.lower(), f"no {word!r} in: {everything}"
    assert_person_can_read(result)


def assert_person_can_read(result):
    """No stack trace, no assertion, no bare number of an error."""
    for bad in ("Traceback", "Assertion", "assertion", "core dumped", "Segmentation", "(null)"):
        assert bad not in result.output, result.output
