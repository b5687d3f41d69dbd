"""What the pages say, in Dutch and in English: one table."""

from contracts.vocabulary import Language

Both = tuple[str, str]

WORDS: dict[str, Both] = {
    # On every page
    "name": ("Om de Hoek", "Om de Hoek"),
    "slogan": ("Antwoorden liggen om de hoek", "Answers are around the corner"),
    "to-content": ("Naar de inhoud", "To the content"),
    "other-language": ("English", "Nederlands"),
    "menu": ("Menu", "Menu"),
    "inbox": ("Inbox", "Inbox"),
    "sign-in": ("Inloggen", "Sign in"),
    "sign-out": ("Uitloggen", "Sign out"),
    "api": ("API voor ontwikkelaars", "API for developers"),
    # Start
    "start.title": ("Wat de een vraagt, kan de ander", "What one asks, another can do"),
    "start.intro": (
        "Om de Hoek brengt scholen en bedrijven bij elkaar voor duurzaam beroepsonderwijs. Je begint met een concrete "
        "vraag. Vaak zit het antwoord dichtbij.",
        "Om de Hoek brings schools and companies together for sustainable vocational education. You begin with a "
        "concrete question. Often the answer is nearby.",
    ),
    "start.how": ("Zo werkt het", "How it works"),
    "start.step-1": ("Je stelt je vraag, of je zegt wat je te bieden hebt.", "You ask, or you say what you can offer."),
    "start.step-2": (
        "Wij zoeken wat erbij past: op inhoud, op thema en op afstand.",
        "We look for what fits: by content, by theme and by distance.",
    ),
    "start.step-3": (
        "Een ambassadeur uit jouw regio kijkt of het klopt.",
        "An ambassador in your region checks whether it fits.",
    ),
    "start.step-4": (
        "Zeggen jullie allebei ja? Dan krijgen jullie elkaars gegevens, en niet eerder.",
        "Do you both say yes? Then you get each other's details, and not before.",
    ),
    "start.sign-in": ("Log in", "Sign in"),
    "start.new": (
        "Nog geen lid? Aanmelden kan nu via de API. Een pagina ervoor komt later.",
        "Not a member yet? For now you can join through the API. A page for it comes later.",
    ),
    "start.yours": ("Op jou wacht", "Waiting for you"),
    "start.nothing": ("Er wacht nu niets op jou.", "Nothing is waiting for you now."),
    "start.away": (
        "We kunnen nu niet laten zien wat op je wacht. Probeer het over een minuut nog eens.",
        "We cannot show what is waiting for you now. Try again in a minute.",
    ),
    "start.inbox": ("Lees wat we je vertelden", "Read what we told you"),
    # Signing in
    "email": ("Je e-mailadres", "Your email address"),
    "sign-in.send": ("Stuur me een link", "Send me a link"),
    "sign-in.explain": (
        "Je krijgt een mail met een link. Daarmee log je in, zonder wachtwoord.",
        "You get a mail with a link. With that you sign in, without a password.",
    ),
    "sign-in.first": ("Log eerst in. Daarna ga je verder.", "Sign in first. Then you go on."),
    "sign-in.wrong-address": (
        "Dit is geen e-mailadres. Kijk of het klopt, bijvoorbeeld naam@school.nl.",
        "This is no email address. See whether it is right, for example name@school.nl.",
    ),
    "sign-in.mailed-title": ("Kijk in je mail", "Look in your mail"),
    "sign-in.mailed": (
        "Is dit adres bij ons bekend, dan krijg je nu een mail. De link daarin werkt een kwartier, één keer.",
        "If we know this address, a mail is on its way. The link in it works for a quarter of an hour, once.",
    ),
    "sign-in.nothing-came": (
        "Geen mail gekregen? Kijk bij ongewenste mail, of probeer een ander adres.",
        "No mail? Look among unwanted mail, or try another address.",
    ),
    "sign-in.again": ("Nog een keer", "Once more"),
    "sign-in.almost-title": ("Je bent er bijna", "Almost there"),
    "sign-in.almost": ("Druk op de knop, dan ben je ingelogd.", "Press the button and you are signed in."),
    "sign-in.enter": ("Log in", "Sign in"),
    "sign-in.used-title": ("Deze link werkt niet meer", "This link does not work any more"),
    "sign-in.used": (
        "Een link werkt een kwartier, één keer. Vraag een nieuwe.",
        "A link works for a quarter of an hour, once. Ask for a new one.",
    ),
    # A match
    "match.asked": ("Gevraagd", "Asked"),
    "match.offered": ("Aangeboden", "Offered"),
    "match.yours": ("van jou", "yours"),
    "match.why": ("Waarom dit past", "Why this fits"),
    "match.proposed.title": ("Past dit bij elkaar?", "Do these fit?"),
    "match.proposed": (
        "Een ambassadeur kijkt of deze vraag en dit aanbod bij elkaar passen.",
        "An ambassador checks whether this request and this offer fit.",
    ),
    "match.endorsed.title": ("Om de hoek gevonden", "Found around the corner"),
    "match.endorsed": (
        "We vragen beide kanten of ze willen kennismaken.",
        "We ask both sides whether they want to meet.",
    ),
    "match.introduced.title": ("Jullie zijn aan elkaar voorgesteld", "You have been introduced"),
    "match.introduced": (
        "Jullie zeiden allebei ja. De gegevens van de ander staan in je mail en in je inbox.",
        "You both said yes. The details of the other are in your mail and in your inbox.",
    ),
    "match.introduced-others.title": ("Zij kennen elkaar nu", "They know each other now"),
    "match.introduced-others": (
        "Beide kanten zeiden ja en kregen elkaars gegevens.",
        "Both sides said yes and got each other's details.",
    ),
    "match.dismissed.title": ("Dit past niet", "This does not fit"),
    "match.dismissed": (
        "Een ambassadeur zag hier geen match in. De vraag en het aanbod blijven staan.",
        "An ambassador saw no match here. The request and the offer stay open.",
    ),
    "match.lapsed.title": ("Deze match is voorbij", "This match has ended"),
    "match.lapsed.declined": (
        "Een van beide kanten koos nu niet voor deze kennismaking.",
        "One of the sides chose not to meet now.",
    ),
    "match.lapsed.closed": (
        "De vraag of het aanbod staat niet meer open.",
        "The request or the offer is not open any more.",
    ),
    "match.lapsed.unanswered": ("Er kwam op tijd geen antwoord.", "No answer came in time."),
    "match.lapsed.erased": ("Een van beide kanten doet niet meer mee.", "One of the sides takes part no more."),
    "match.because": ("Reden", "Reason"),
    "match.note": ("Toelichting", "Note"),
    "match.judge": ("Wat vind jij?", "What do you think?"),
    "match.endorse": ("Dit past", "This fits"),
    "match.endorse-explain": (
        "Past dit volgens jou? Dan vragen we beide kanten of ze willen kennismaken.",
        "Do you see a fit? Then we ask both sides whether they want to meet.",
    ),
    "match.dismiss": ("Dit past niet", "This does not fit"),
    "match.dismiss-why": ("Waarom niet?", "Why not?"),
    "match.dismiss-note": (
        "Wil je er iets bij zeggen? Alleen ambassadeurs en het team lezen dit.",
        "Do you want to add something? Only ambassadors and the team read this.",
    ),
    "match.hand-over": ("Laat het team kijken", "Let the team look"),
    "match.hand-over-explain": (
        "Ken je dit gebied of dit thema niet? Het team van de regio neemt het over.",
        "Do you not know this area or this theme? The region's team takes over.",
    ),
    "match.answer": ("Wil je kennismaken?", "Do you want to meet?"),
    "match.answer-explain": (
        "Zeggen jullie allebei ja, dan krijgen jullie elkaars naam en contactgegevens. Eerder ziet de ander jouw naam "
        "niet.",
        "If you both say yes, you get each other's name and contact details. The other does not see your name before.",
    ),
    "match.yes": ("Ja, graag", "Yes, please"),
    "match.no": ("Nee, nu niet", "No, not now"),
    "match.no-why": ("Waarom niet? Dan zoeken we beter.", "Why not? Then we search better."),
    "match.you-said-yes": (
        "Je hebt ja gezegd. We wachten op de ander en mailen je zodra er antwoord is.",
        "You said yes. We wait for the other, and mail you when there is an answer.",
    ),
    "match.you-said-no": ("Je hebt nee gezegd. Dank je, dan zoeken we verder.", "You said no. Thank you, we look on."),
    "match.reason-choose": ("Kies een reden", "Choose a reason"),
    "because.other-need": ("De vraag is anders", "The need is another"),
    "because.too-far": ("Te ver weg", "Too far away"),
    "because.wrong-level": ("Niet het goede niveau", "Not the right level"),
    "because.no-capacity": ("Geen tijd of plek", "No time or room"),
    "because.other": ("Iets anders", "Something else"),
    "done.endorse": ("Dank je. We vragen het nu aan beide kanten.", "Thank you. We now ask both sides."),
    "done.dismiss": ("Dank je. Daar leren we van.", "Thank you. We learn from that."),
    "done.hand-over": ("Het team van de regio kijkt nu.", "The region's team looks now."),
    "done.yes": ("Mooi! Je ja is binnen.", "Good! We have your yes."),
    "done.no": ("Je nee is binnen. De ander hoort geen reden.", "We have your no. The other hears no reason."),
    # A request or an offer
    "request.title": ("Je vraag", "Your request"),
    "request.seen": ("Een vraag", "A request"),
    "request.about": ("Thema's", "Themes"),
    "request.where": ("Waar", "Where"),
    "request.reach": ("tot {km} km", "up to {km} km"),
    "request.when": ("Wanneer", "When"),
    "request.from": ("vanaf {day}", "from {day}"),
    "request.until": ("tot en met {day}", "until {day}"),
    "request.between": ("{first} tot en met {last}", "{first} until {last}"),
    "request.participants": ("Deelnemers", "Participants"),
    "request.level": ("Mbo-niveau", "MBO level"),
    "request.skills": ("Vaardigheden", "Skills"),
    "request.languages": ("Kan in het", "Can be done in"),
    "language.nl": ("Nederlands", "Dutch"),
    "language.en": ("Engels", "English"),
    "request.escalate": ("Zoek in het hele land", "Look in the whole country"),
    "request.escalate-explain": (
        "Weet niemand in je regio raad? Dan zoeken we bij alle regio's, het dichtst bij eerst.",
        "Does nobody in your region know a way? Then we look in all regions, the nearest first.",
    ),
    "done.escalate": ("Dank je. We zoeken nu in het hele land.", "Thank you. We now look in the whole country."),
    "error.request-not-yours-to-escalate": (
        "Deze vraag ligt buiten jouw gebied. Het team van de regio kan dit doen.",
        "This request is outside your area. The region's team can do this.",
    ),
    "request.expires": ("Staat open tot", "Open until"),
    "status.draft": ("Concept: nog niet verstuurd", "Draft: not sent yet"),
    "status.open": ("Open: we zoeken wat erbij past", "Open: we are looking for what fits"),
    "status.in-conversation": ("In gesprek", "In conversation"),
    "status.fulfilled": ("Beantwoord", "Answered"),
    "status.withdrawn": ("Ingetrokken", "Withdrawn"),
    "status.expired": ("Verlopen", "Expired"),
    # Inbox
    "inbox.title": ("Inbox", "Inbox"),
    "inbox.empty": (
        "Hier staat nog niets. Zodra er iets voor je is, lees je het hier en in je mail.",
        "Nothing here yet. As soon as there is something for you, you read it here and in your mail.",
    ),
    "inbox.no-more": ("Ouder is er niet.", "There is nothing older."),
    "inbox.new": ("Nieuw", "New"),
    "inbox.open": ("Bekijk", "Look"),
    "inbox.read": ("Gelezen", "Read"),
    "inbox.older": ("Ouder", "Older"),
    "inbox.newest": ("Naar het nieuwste", "To the newest"),
    # Problem types
    "problem.title": ("Wat een foutmelding betekent", "What a problem means"),
    "problem.status": ("HTTP-status", "HTTP status"),
    "problem.type": ("Type", "Type"),
    "problem.services": ("Komt van", "Comes from"),
    # When something is not as it should be
    "error.400.title": ("Dit konden we niet lezen", "We could not read this"),
    "error.400": ("Ga terug en probeer het nog eens.", "Go back and try again."),
    "error.403.title": ("Dit mag je niet doen", "You cannot do this"),
    "error.403": (
        "Dit is aan iemand anders. Klopt dat niet? Log opnieuw in, of vraag het aan het team van je regio.",
        "This is for somebody else. Is that not right? Sign in again, or ask the team of your region.",
    ),
    "error.404.title": ("Deze pagina is er niet", "This page does not exist"),
    "error.404": (
        "Misschien klopt het adres niet, of is dit voor iemand anders. Kijk of je met het goede adres bent ingelogd.",
        "Perhaps the address is wrong, or this is for somebody else. See whether you are signed in with the right "
        "address.",
    ),
    "error.405.title": ("Dit kan hier niet", "This cannot be done here"),
    "error.405": ("Ga terug en probeer het nog eens.", "Go back and try again."),
    "error.409.title": ("Dit kan nu niet", "This cannot be done now"),
    "error.409": ("Er is intussen iets veranderd. Kijk hoe het nu staat.", "Something changed. See how it is now."),
    "error.412.title": ("Er is intussen iets veranderd", "Something has changed"),
    "error.412": ("Kijk hoe het nu staat en kies dan opnieuw.", "See how it is now, and choose again."),
    "error.413.title": ("Dit is te groot", "This is too large"),
    "error.413": ("Maak het korter en probeer het nog eens.", "Make it shorter and try again."),
    "error.422.title": ("Er klopt iets niet", "Something is not right"),
    "error.422": ("Ga terug en kijk wat je invulde.", "Go back and see what you filled in."),
    "error.429.title": ("Even rustig aan", "A little slower"),
    "error.429": ("Dit was te vaak achter elkaar. Wacht een minuut.", "That was too often. Wait a minute."),
    "error.500.title": ("Er ging bij ons iets mis", "Something went wrong at our side"),
    "error.500": (
        "Het is opgeschreven. Probeer het straks nog eens.",
        "It was noted. Try again later.",
    ),
    "error.502.title": ("Het antwoord raakte kwijt", "The answer got lost"),
    "error.502": ("Kijk of het gelukt is, en doe het anders opnieuw.", "See whether it was done; if not, do it again."),
    "error.503.title": ("Dit kan nu even niet", "Not possible right now"),
    "error.503": (
        "Een deel van Om de Hoek is even weg. Er gaat niets verloren. Probeer het over een minuut nog eens.",
        "A part of Om de Hoek is away for a moment. Nothing gets lost. Try again in a minute.",
    ),
    "error.504.title": ("Dit duurde te lang", "This took too long"),
    "error.504": ("Probeer het over een minuut nog eens.", "Try again in a minute."),
    "error.match-already-judged": ("Deze match is al beoordeeld.", "This match was judged already."),
    "error.match-already-answered": ("Je hebt al geantwoord.", "You answered already."),
    "error.match-not-awaiting-you": ("Deze match wacht niet op jouw antwoord.", "This match does not wait for you."),
    "error.match-ended": ("Deze match is intussen voorbij.", "This match has ended meanwhile."),
    "error.match-not-yours-to-judge": ("Iemand anders kijkt naar deze match.", "Somebody else looks at this match."),
    "error.version-conflict": (
        "Er is intussen iets veranderd. Kijk hoe het nu staat en kies dan opnieuw.",
        "Something changed meanwhile. See how it is now, and choose again.",
    ),
    "error.cross-site-request": (
        "Dit formulier was verlopen, of kwam niet van ons. Open de pagina opnieuw.",
        "This form had expired, or did not come from us. Open the page again.",
    ),
    "error.invalid-fields": (
        "Kies een reden, en houd de toelichting kort.",
        "Choose a reason, and keep the note short.",
    ),
    # Status
    "status.page": ("Toestand", "Status"),
    "status.node": ("Node {node}", "Node {node}"),
    "status.well": ("Alles is bij", "Nothing is behind"),
    "status.ill": ("Er vraagt iets aandacht", "Something needs attention"),
    "status.services": ("De diensten", "The services"),
    "status.service": ("Dienst", "Service"),
    "status.pending": ("Nog te verwerken", "Still to hear"),
    "status.unacked": ("Mee bezig", "Under way"),
    "status.redelivered": ("Nogmaals gekregen", "Given again"),
    "status.unsent": ("Nog niet verzonden", "Not published"),
    "status.oldest": ("Oudste, in seconden", "Oldest, in seconds"),
    "status.dead": ("Niet verwerkt", "Dead letters"),
    "status.silent": ("Antwoordt niet", "Does not answer"),
    "status.more": ("En verder", "And more"),
    "status.texts-unread": ("Teksten die het taalmodel nog moet lezen", "Texts that the model has to read"),
    "status.mails-waiting": ("Mails die wachten", "Mails that wait"),
    "status.mails-sending": ("Mails onderweg", "Mails under way"),
    "status.mails-without-address": ("Mails waarvan het adres nog moet komen", "Mails whose address is to come"),
    "status.mails-oldest-seconds": ("Oudste wachtende mail, in seconden", "Oldest mail that waits, in seconds"),
    "status.mails-failed": ("Mails mislukt", "Mails that failed"),
    "status.mails-failed-today": ("Mails mislukt in de laatste 24 uur", "Mails that failed in the last 24 hours"),
    "status.stream": ("{messages} berichten, {mb} MB", "{messages} messages, {mb} MB"),
    "status.source": ("Van {name}", "From {name}"),
    "status.lag": ("nog {lag} onderweg", "{lag} still to come"),
    "status.heard": ("{seconds} s geleden gehoord", "heard of {seconds} s ago"),
    "error.home": ("Naar de startpagina", "To the start page"),
}

_MONTHS: dict[Language, tuple[str, ...]] = {
    Language.DUTCH: (
        "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
        "november", "december",
    ),
    Language.ENGLISH: (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ),
}  # fmt: skip


def say(key: str, language: Language, **values: object) -> str:
    """The words of a key in a language."""
    dutch, english = WORDS[key]
    chosen = dutch if language is Language.DUTCH else english
    return chosen.format(**values) if values else chosen


def month(number: int, language: Language) -> str:
    """The name of a month, 1 to 12."""
    return _MONTHS[language][number - 1]
