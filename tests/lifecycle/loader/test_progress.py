"""What a script's user sees of a download: a bar that counts bytes and ends at all of them, or nothing."""

from __future__ import annotations

import pytest

from lifecycle.loader import fetching, load
from tests.lifecycle.loader.conftest import add_items

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bars(monkeypatch):
    """(total, counted, unit, is shown) of every bar, as it stood when it was closed."""
    found = []

    class Watched(fetching.tqdm):
        def close(self):
            if not getattr(self, "was_seen", False):
                self.was_seen = True
                found.append((self.total, self.n, getattr(self, "unit", ""), not self.disable))
            super().close()

    monkeypatch.setattr(fetching, "tqdm", Watched)
    return found


def test_a_download_shows_how_many_bytes_came(host, tmp_path, bars, capsys):
    items = add_items(host.dataset, range(40))
    host.commit()

    load(host.url, host.name, token=host.token, cache=tmp_path)

    total = sum(item.byte_size for item in items)
    assert bars == [(total, total, "B", True)]
    shown = capsys.readouterr().err
    assert "Fetching files: " in shown and "100%" in shown


def test_a_second_load_and_one_that_wants_none_show_no_bar(host, tmp_path, bars, capsys):
    add_items(host.dataset, range(40))
    host.commit()

    load(host.url, host.name, token=host.token, cache=tmp_path, progress=False)
    load(host.url, host.name, token=host.token, cache=tmp_path)

    assert [is_shown for _, _, _, is_shown in bars] == [False], "and the second time there was nothing to fetch"
    assert "Fetching" not in capsys.readouterr().err
