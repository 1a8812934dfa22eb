"""Encrypted connections: read where the certificate is trusted, and refused where it is not."""

from __future__ import annotations

import numpy as np
import pytest
from tests.memory.remote.certificates import make_certificates
from tests.memory.remote.servers import nginx_over

import samebytes as sb


def test_only_a_trusted_server_is_read(tmp_path, monkeypatch):
    authority, certificate, key = make_certificates(tmp_path)
    (tmp_path / "served").mkdir()
    np.save(tmp_path / "served" / "x.npy", np.arange(5))
    encrypted = f"ssl_certificate {certificate}; ssl_certificate_key {key};"
    with nginx_over(tmp_path / "served", tmp_path, encrypted) as url:
        assert url.startswith("https://")
        with pytest.raises(sb.RemoteError, match=r"certificate is not trusted.*SSL_CERT_FILE"):
            sb.open(f"{url}/x.npy")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        np.testing.assert_array_equal(sb.open(f"{url}/x.npy"), np.arange(5))
