"""The rules file of a router, and the ways in which people change files."""

import os
import pathlib
import re


class RulesFile:
    """Text with @NAME@ for the URL of a backend of that name."""

    def __init__(self, path, urls):
        self.path = pathlib.Path(path)
        self.urls = urls

    def fill(self, text):
        return re.sub(r"@(\w+)@", lambda m: self.urls[m.group(1)], text)

    def replace(self, text):
        """As most editors and tools do: a new file, renamed."""
        new = self.path.with_name(self.path.name + ".new")
        new.write_text(self.fill(text))
        os.chmod(new, 0o644)
        os.rename(new, self.path)

    def overwrite(self, text):
        """In place, at once."""
        with open(self.path, "w") as file:
            file.write(self.fill(text))

    def begin(self, text, part):
        """In place, but only the beginning; call the result for the rest."""
        data = self.fill(text).encode()
        cut = data.index(part.encode())
        file = open(self.path, "wb", buffering=0)
        file.write(data[:cut])

        def finish():
            file.write(data[cut:])
            file.close()
        return finish


class ConfigMap:
    """A directory as Kubernetes mounts it: files -> ..data -> a version."""

    def __init__(self, directory, urls):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.urls = urls
        self.count = 0
        self.path = self.directory / "rules.yaml"

    def publish(self, **files):
        """File names with _ for the dot: rules_yaml=TEXT."""
        self.count += 1
        version = self.directory / f"..version{self.count}"
        version.mkdir()
        for name, text in files.items():
            name = name.replace("_", ".")
            filled = RulesFile(version / name, self.urls)
            filled.overwrite(text)
            link = self.directory / name
            if not link.is_symlink():
                link.symlink_to(f"..data/{name}")

        new = self.directory / "..data.new"
        new.symlink_to(version.name)
        os.rename(new, self.directory / "..data")
