# SPDX-License-Identifier: Apache-2.0
"""Certificates that sign themselves, for localhost and 127.0.0.1."""
import subprocess


def certificate_of(folder, name):
    """The paths of a certificate and its key, as PEM."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    return certificate, key
