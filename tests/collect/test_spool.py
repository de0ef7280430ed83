import threading

import pytest

from k6spec.collect.spool import SpoolReader, SpoolWriter, wipe


@pytest.fixture
def path(tmp_path):
    return tmp_path / "spans.spool"


def test_messages_come_back_in_order_and_once(path):
    writer = SpoolWriter(path)
    reader = SpoolReader(path)
    assert reader.read(1 << 20) == []
    writer.append(b"one")
    writer.append(b"")
    assert reader.read(1 << 20) == [b"one", b""]
    writer.append(b"two")
    assert reader.read(1 << 20) == [b"two"]
    assert reader.offset == reader.end


def test_a_record_that_is_still_being_written_is_not_there_yet(path):
    whole = b"\0\0\0\x05hello"
    reader = None
    for cut in range(len(whole)):
        path.write_bytes(b"\0\0\0\x01a" + whole[:cut])
        reader = SpoolReader(path)
        assert reader.read(1 << 20) == [b"a"]
        assert reader.read(1 << 20) == []
    path.write_bytes(b"\0\0\0\x01a" + whole)
    assert reader is not None
    assert reader.read(1 << 20) == [b"hello"]


def test_a_reader_that_comes_while_a_record_is_being_written_begins_with_it(path):
    whole = b"\0\0\0\x05hello"
    for cut in range(len(whole)):
        path.write_bytes(b"\0\0\0\x01a" + whole[:cut])
        reader = SpoolReader(path, None)
        path.write_bytes(b"\0\0\0\x01a" + whole)
        assert reader.read(1 << 20) == [b"hello"]


def test_a_read_is_bounded_but_for_one_larger_message(path):
    writer = SpoolWriter(path)
    for size in (600, 600, 3_000_000, 10):
        writer.append(bytes(size))
    reader = SpoolReader(path)
    assert [len(m) for m in reader.read(1000)] == [600]
    assert [len(m) for m in reader.read(1000)] == [600]
    assert [len(m) for m in reader.read(1000)] == [3_000_000]
    assert [len(m) for m in reader.read(1000)] == [10]


def test_reading_begins_at_the_end_where_it_is_asked_to(path):
    writer = SpoolWriter(path)
    writer.append(b"before")
    reader = SpoolReader(path, None)
    writer.append(b"after")
    assert reader.read(1 << 20) == [b"after"]


def test_writers_of_many_threads_do_not_mix(path):
    writer = SpoolWriter(path)
    threads = [
        threading.Thread(target=lambda n=n: [writer.append(bytes([n]) * 5000) for _ in range(50)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    messages = SpoolReader(path).read(1 << 30)
    assert len(messages) == 400
    assert all(len(set(message)) == 1 for message in messages)


def test_a_wiped_spool_is_empty_and_goes_on(path):
    writer = SpoolWriter(path)
    writer.append(b"secret")
    wipe(path)
    assert path.stat().st_size == 0
    writer.append(b"next")
    assert SpoolReader(path).read(1 << 20) == [b"next"]


def test_what_nobody_reads_does_not_grow_for_ever(path):
    writer = SpoolWriter(path, unread=1_000)
    sizes = []
    for _ in range(100):
        writer.append(bytes(100))
        sizes.append(path.stat().st_size)
    assert max(sizes) < 1_300


def test_what_somebody_reads_is_kept_however_much_it_is(path):
    writer = SpoolWriter(path, unread=1_000)
    reader = SpoolReader(path)
    for number in range(100):
        writer.append(bytes([number]) * 100)
    assert [message[0] for message in reader.read(1 << 20)] == list(range(100))
    reader.close()
    writer.append(bytes(100))
    assert SpoolReader(path).read(1 << 20) == [bytes(100)]
