from edge.stream import NS_PER_S
from edge.wearing import LOW_PERCENT, Wearing


def test_contact_is_news_once_it_is_gone_for_a_while_and_when_it_is_back() -> None:
    wearing = Wearing()
    heard = [wearing.hear_contact(s >= 100, s * NS_PER_S) for s in range(60, 105)]
    assert [news[0][0] for news in heard if news] == ["contact_lost", "contact_restored"]
    assert heard[30][0][0] == "contact_lost"
    assert wearing.contact is True


def test_a_moment_without_contact_or_a_device_that_does_not_know_is_no_news() -> None:
    wearing = Wearing()
    flicker = [wearing.hear_contact(s % 20 != 0, s * NS_PER_S) for s in range(1, 200)]
    assert not any(flicker)
    assert not any(wearing.hear_contact(None, s * NS_PER_S) for s in range(200, 300))
    assert wearing.contact is None


def test_a_low_battery_is_told_once_until_it_is_changed() -> None:
    wearing = Wearing()
    told = [bool(wearing.hear_battery(percent)) for percent in (20, LOW_PERCENT, 16, 14, 3, 95, 10)]
    assert told == [False, True, False, False, False, False, True]
    assert wearing.battery_percent == 10
