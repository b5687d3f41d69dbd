"""Makes `lexicon.txt.gz` anew: `python -m services.matching.extract_lexicon`, given `wordfreq` and `simplemma`.

Both are large and needed for two languages only, so what is used of them is taken out once. Word frequencies: wordfreq
3.1 by Robyn Speer, data under CC BY-SA 4.0 (Wikipedia, subtitles, news, books and the web). Base forms: simplemma 2.0
by Adrien Barbaresi, MIT, data under CC BY-SA 4.0. The extract is under CC BY-SA 4.0 too.
"""

import gzip
import math

from services.matching.lexicon import FILE

#: Rarer words are of no use: as parts of a compound they would fit anything, and as words they are rare all the same.
ZIPF_MIN = {"nl": 2.0, "en": 3.0}

_HEAD = "# Word frequencies (wordfreq 3.1) and base forms (simplemma 2.0), CC BY-SA 4.0; see extract_lexicon.py\n"


def main() -> None:
    """Writes the file: a line for each language and frequency, its words, with their base form if it differs."""
    import simplemma
    import wordfreq

    lines: dict[tuple[str, float], list[str]] = {}
    for language, least in ZIPF_MIN.items():
        for word, frequency in wordfreq.get_frequency_dict(language, wordlist="large").items():
            zipf = math.log10(frequency) + 9
            if word.isalpha() and zipf >= least:
                base = str(simplemma.lemmatize(word, lang=language)).lower().replace("_", "")
                lines.setdefault((language, round(zipf, 1)), []).append(word if base == word else f"{word}={base}")
    text = "\n".join(
        f"{language} {zipf} {' '.join(sorted(words))}" for (language, zipf), words in sorted(lines.items())
    )
    FILE.write_bytes(gzip.compress((_HEAD + text + "\n").encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
