"""A certificate authority for one test run, made with openssl."""

import pathlib
import ssl
import subprocess


class Authority:
    def __init__(self, directory, name="Test CA"):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o755)
        self.cert = self.directory / "ca.pem"
        self.key = self.directory / "ca.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                      "-subj", f"/CN={name}", "-keyout", self.key,
                      "-out", self.cert)
        self.cert.chmod(0o644)

    def context(self, *names):
        """A server's context with a certificate for these DNS names."""
        base = self.directory / names[0]
        key, request, cert, ext = (
            base.with_name(base.name + end)
            for end in (".key", ".csr", ".pem", ".ext"))
        ext.write_text("subjectAltName=" + ",".join(
            "DNS:" + name for name in names))
        self._openssl("req", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                      f"/CN={names[0]}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.cert,
                      "-CAkey", self.key, "-CAcreateserial", "-days", "30",
                      "-extfile", ext, "-out", cert)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        return context

    def files(self, name):
        """Certificate and key of a name that context() was asked for."""
        base = str(self.directory / name)
        return base + ".pem", base + ".key"

    def _openssl(self, *args):
        subprocess.run(["openssl", *map(str, args)], check=True, timeout=30,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)
