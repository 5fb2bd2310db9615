"""Passwords and keys of the configuration: given directly, in a file, or in the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.config_sections import NOT_SHOWN, Section, shown

_LARGEST_FILE = 64 * 1024  # far more than any key; /dev/zero must not fill the memory


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that never shows itself, in logs or anywhere."""

    _value: str

    def reveal(self) -> str:
        """The value, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where secrets come from, and which of them stand in the file itself."""

    folder: Path  # of the configuration file: where a relative path begins
    environment: Mapping[str, str] = field(repr=False)
    inline: list[str] = field(default_factory=list)

    def read(self, section: Section, name: str) -> Secret | None:
        """The secret `name`, from one of name, name_file, name_env; None if there is none."""
        table = section.gives(name, f"{name}_file", f"{name}_env")
        if len(table) > 1:
            section.mistake(table[1], NOT_SHOWN, f"one of {', '.join(table)}, not all of them")
        elif table == [name]:
            self.inline.append(section.key(name))
            return self._checked(section, name, section.raw(name), NOT_SHOWN)
        elif table == [f"{name}_file"]:
            return self._from_file(section, table[0])
        elif table:
            return self._from_environment(section, table[0])
        return None

    def _from_file(self, section: Section, key: str) -> Secret | None:
        given = section.raw(key)
        expected = "the path of a readable file with the secret in it"
        if not isinstance(given, str) or not given:
            section.mistake(key, shown(given), expected)
            return None
        try:
            with (self.folder / given).expanduser().open("rb") as file:
                content = file.read(_LARGEST_FILE)
            value = content.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            section.mistake(key, shown(given), expected, "it is not UTF-8 text")
        except (OSError, RuntimeError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "no such path"
            section.mistake(key, shown(given), expected, why or "it cannot be read")
        else:
            return self._checked(section, key, value, shown(given))
        return None

    def _from_environment(self, section: Section, key: str) -> Secret | None:
        given = section.raw(key)
        expected = "the name of an environment variable that is set"
        if not isinstance(given, str) or given not in self.environment:
            section.mistake(key, shown(given), expected)
            return None
        return self._checked(section, key, self.environment[given], shown(given))

    def _checked(
        self, section: Section, key: str, value: object, value_shown: str
    ) -> Secret | None:
        if isinstance(value, str) and value and value.isprintable():
            return Secret(value)
        section.mistake(
            key, value_shown, "a secret of one line of text", "it is empty" * (not value)
        )
        return None
