"""What the settings of all attacks on membership can say."""

from __future__ import annotations

from demo.settings import Settings


class MembershipSettings(Settings):
    """Base of the attacks' settings, whose defaults are each attack's own."""

    @property
    def calls(self) -> int:
        """UNet calls a picture."""
        raise NotImplementedError

    def check(self, length: int) -> None:
        """Refuse what a schedule of ``length`` steps cannot do.

        Raises:
            SettingsError: such as a time beyond it.
        """
        raise NotImplementedError
