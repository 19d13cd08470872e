"""What a router says no with."""


class Refused(Exception):
    def __init__(self, status, detail, **more):
        super().__init__(detail)
        self.problem = {"type": "about:blank", "title": "no",
                        "status": status, "detail": detail, **more}
